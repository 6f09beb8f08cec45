import DefaultTheme from 'vitepress/theme'
import './fairway.css'

export default DefaultTheme
